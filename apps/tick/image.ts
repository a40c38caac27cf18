import type { ImageContent } from '../../toolchain/image-build.ts';
import { PROGRAMS, programs, pythonImage } from '../python-image.ts';

/** Image of `tick`. */
export const tickImage: ImageContent = {
  ...pythonImage,
  files: programs('tick/tick.py'),
  entrypoint: ['/usr/bin/python3', `${PROGRAMS}/tick.py`],
};
