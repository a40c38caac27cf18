import type { Arm } from './arm.ts';

/** Default Kubernetes for a bare pod: it is deleted, and once it is gone made anew on the other node. No command line tool is in the way. */
function recreate(graceSeconds: number): Arm {
  return {
    name: `recreate-${graceSeconds}`,
    what: `default Kubernetes for a bare pod: delete it (grace period ${graceSeconds} s), then create it on the other node`,
    family: 'default',
    startsAs: 'pod',
    async make({ subject, source, target, mark }) {
      mark('asked');
      await subject.deletePod(source.name, graceSeconds);
      await subject.gone(source.name);
      mark('sourceGone');
      const pod = await subject.createPod(`${subject.name}-again`, target);
      mark('created');
      return { pod };
    },
  };
}

export const recreateGracefully = recreate(30);
export const recreateAtOnce = recreate(0);
