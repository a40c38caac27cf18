import { describe, expect, it } from 'vitest';
import { containerfile, librariesAmong } from './image-build.ts';

describe('containerfile', () => {
  it('starts from nothing and sets only what is asked for', () => {
    expect(containerfile({ artefacts: {}, entrypoint: ['/pause'], user: '65534:65534' }).split('\n')).toEqual(
      [
        'FROM scratch',
        'COPY root/ /',
        'LABEL podferry.dev/toolchain="image"',
        'ENV PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"',
        'USER 65534:65534',
        'ENTRYPOINT ["/pause"]',
        '',
      ],
    );
  });
});

describe('librariesAmong', () => {
  it('takes paths, once each, and no virtual or missing library', () => {
    const listing = [
      '\tlinux-vdso.so.1 (0x00007fe109518000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fe108ffe000)',
      '\tlibgone.so.1 => not found',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007fe10951a000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0000000000)',
    ];
    const found = ['/lib/x86_64-linux-gnu/libc.so.6', '/lib64/ld-linux-x86-64.so.2'];
    expect(librariesAmong(listing.join('\n'))).toEqual(found);
  });
});
