import type { ImageContent } from '../../toolchain/image-build.ts';
import { PROGRAMS, programs, pythonImage } from '../python-image.ts';

const libraries = '/usr/lib/x86_64-linux-gnu';
/** Where the packages keep them; `update-alternatives` would link to them from where the loader looks. */
const algebra = [`${libraries}/blas`, `${libraries}/lapack`];

/** Image of `training`: Python with numpy and the plain BLAS, which needs no threads. */
export const trainingImage: ImageContent = {
  ...pythonImage,
  files: programs('training/training.py'),
  fromRoot: [
    ...pythonImage.fromRoot,
    '/usr/lib/python3/dist-packages/numpy',
    '/usr/lib/python3/dist-packages/numpy/*/*.so',
    ...algebra.map((folder) => `${folder}/*.so.3`),
    // What ctypes and hashlib are made with: nothing that is asked for by name needs it.
    ...['libffi.so.8', 'libcrypto.so.3'].map((name) => `${libraries}/${name}`),
  ],
  without: [...pythonImage.without.filter((name) => name !== 'ctypes'), 'tests', 'f2py', 'distutils'],
  // Unpacked packages bring no compiled modules.
  made: { script: 'python3.13 -m compileall -q /usr/lib/python3.13 /usr/lib/python3/dist-packages || true' },
  environment: { ...pythonImage.environment, LD_LIBRARY_PATH: algebra.join(':') },
  entrypoint: ['/usr/bin/python3', `${PROGRAMS}/training.py`],
};
