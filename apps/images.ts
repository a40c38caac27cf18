import type { ImageContent } from '../toolchain/image-build.ts';
import { jvmImage } from './jvm/image.ts';
import { nginxImage } from './nginx/image.ts';
import { postgresqlImage } from './postgresql/image.ts';
import { rabbitmqImage } from './rabbitmq/image.ts';
import { redisImage } from './redis/image.ts';
import { smallImage } from './small/image.ts';
import { tickImage } from './tick/image.ts';
import { trainingImage } from './training/image.ts';
import { videoImage } from './video/image.ts';

interface AppImage {
  content: ImageContent;
  /** Debian packages that it is taken out of; otherwise those of the host root file system. */
  packages?: readonly string[];
}

/** Images of the sample applications. A lab has those of the samples that its configuration names. */
export const appImages = {
  tick: { content: tickImage },
  redis: { content: redisImage },
  small: { content: smallImage },
  training: { content: trainingImage, packages: ['python3-numpy', 'busybox-static'] },
  nginx: { content: nginxImage, packages: ['nginx', 'busybox-static'] },
  video: { content: videoImage, packages: ['ffmpeg', 'python3', 'busybox-static'] },
  postgresql: { content: postgresqlImage, packages: ['postgresql-17', 'tcc', 'busybox-static'] },
  rabbitmq: { content: rabbitmqImage, packages: ['rabbitmq-server', 'busybox-static'] },
  jvm: { content: jvmImage, packages: ['openjdk-21-jdk-headless', 'busybox-static'] },
} as const satisfies Record<string, AppImage>;

export type AppImageName = keyof typeof appImages;
