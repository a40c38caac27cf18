import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';
import { busyboxLinks } from '../busybox.ts';
import { PROGRAMS, programs, pythonImage } from '../python-image.ts';

/** One image for the samples that are a script each: what is built and loaded once serves them all. A pod names its script. */
export const smallImage: ImageContent = {
  ...pythonImage,
  files: {
    ...programs('slow-starter/slow_starter.py', 'file-appender/file_appender.py', 'memory-hog/memory_hog.py'),
    [`${PROGRAMS}/counter.sh`]: fileURLToPath(new URL('../counter/counter.sh', import.meta.url)),
  },
  links: { ...pythonImage.links, ...busyboxLinks('mkdir', 'mv', 'sleep') },
};
