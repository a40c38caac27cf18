import type { ImageContent } from '../../toolchain/image-build.ts';
import { PROGRAMS, programs, pythonImage } from '../python-image.ts';

const libraries = '/usr/lib/x86_64-linux-gnu';
/** Where the packages keep them; `update-alternatives` would link to them from where the loader looks. */
const algebra = [`${libraries}/blas`, `${libraries}/lapack`];

/** Image of `video`: Python and ffmpeg with the two hundred libraries that Debian builds it with. */
export const videoImage: ImageContent = {
  ...pythonImage,
  files: programs('video/video.py'),
  fromRoot: [...pythonImage.fromRoot, '/usr/bin/ffmpeg', ...algebra.map((folder) => `${folder}/*.so.3`)],
  made: { script: 'python3.13 -m compileall -q /usr/lib/python3.13 || true' },
  environment: { ...pythonImage.environment, LD_LIBRARY_PATH: algebra.join(':') },
  entrypoint: ['/usr/bin/python3', `${PROGRAMS}/video.py`],
};
