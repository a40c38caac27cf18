import { Notice } from '../parts/notice.tsx';
import { hrefOf } from '../routes.ts';

/** An address that means nothing. */
export function Nowhere({ path }: { path: string }) {
  return (
    <section class="panel">
      <Notice isPage title="There is no such page">
        <p>
          <code>{path}</code> is none of the dashboard’s addresses.
        </p>
        <a href={hrefOf({ page: 'lab' })}>To the lab</a>
      </Notice>
    </section>
  );
}

/** The token is good, and its owner may see nothing. */
export function Nothing({ user }: { user: string }) {
  return (
    <section class="panel">
      <Notice isPage title="You may see nothing here">
        <p>
          The cluster knows you as <code>{user}</code>, who may list neither nodes nor pods, migrations or
          checkpoints of any namespace. Somebody who may can give you a role that lists pods and
          podmigrations, then sign in again.
        </p>
      </Notice>
    </section>
  );
}
