import { fileURLToPath } from 'node:url';
import type { ImageContent } from '../../toolchain/image-build.ts';
import { busyboxLinks } from '../busybox.ts';

const jdk = '/usr/lib/jvm/java-21-openjdk-amd64/bin';
const modules = 'java.base,java.management,jdk.httpserver';

/** Image of `jvm`: the compiled service, and a Java runtime with the modules that it uses. */
export const jvmImage: ImageContent = {
  artefacts: {},
  fromRoot: ['/opt/service', '/opt/java', '/opt/java/bin/java', '/opt/java/lib/*/*.so', '/usr/bin/busybox'],
  made: {
    files: { '/usr/src/Service.java': fileURLToPath(new URL('./Service.java', import.meta.url)) },
    script: [
      `${jdk}/javac -d /opt/service /usr/src/Service.java`,
      `${jdk}/jlink --add-modules ${modules} --strip-java-debug-attributes --output /opt/java`,
    ].join('\n'),
  },
  links: busyboxLinks('sh', 'cat', 'ls', 'seq', 'wget'),
  entrypoint: [
    '/opt/java/bin/java',
    // Small, and no file of counters that is mapped from /tmp.
    ...['-Xmx64m', '-Xss512k', '-XX:+UseSerialGC', '-XX:ReservedCodeCacheSize=32m', '-XX:-UsePerfData'],
    ...['-cp', '/opt/service', 'Service'],
  ],
};
