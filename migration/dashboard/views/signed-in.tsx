import { useEffect, useRef, useState } from 'preact/hooks';
import type { Session } from '../../contract/rest-views.ts';
import type { ApiClient } from '../api/client.ts';
import { SignedProvider } from '../context.tsx';
import { useLive } from '../live.tsx';
import { news, type Seen } from '../models/news.ts';
import { outcomeOf } from '../models/outcome.ts';
import { parseRoute, type Route } from '../routes.ts';
import { CheckpointsPage } from './checkpoints-page.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { LabPage } from './lab-page.tsx';
import { MigrationPage } from './migration-page.tsx';
import { MigrationsPage } from './migrations-page.tsx';
import { NewPage } from './new-page.tsx';
import { Nothing, Nowhere } from './nowhere.tsx';
import { TopBar } from './top-bar.tsx';

interface SignedInProps {
  client: ApiClient;
  session: Session;
  onSignOut: (why?: string) => void;
}

/** The page of a signed-in user: the bar, what is announced, and the page that the address names. */
export function SignedIn({ client, session, onSignOut }: SignedInProps) {
  const { lab, connection } = useLive(client);
  const route = useRoute();
  const [said, announce] = useState('');
  const migrations = lab.migrations;

  const seen = useRef<Seen>(new Map());
  useEffect(() => {
    if (!lab.isComplete) return;
    const told = news(seen.current, migrations);
    seen.current = told.seen;
    if (told.texts.length > 0) announce(told.texts.join('. '));
  });
  useEffect(() => {
    if (connection.state === 'refused' && connection.status === 401)
      onSignOut('The cluster no longer accepts your token. Sign in with a new one.');
  }, [connection]);
  useEffect(() => {
    document.title = `${titleOf(route)} · podferry`;
    focusContent();
  }, [hrefKey(route)]);

  const active = migrations.filter((one) => !one.spec.dryRun && outcomeOf(one) === 'active').length;
  const seesNothing = session.namespaces.length === 0 && !session.nodes.list;
  return (
    <SignedProvider value={{ client, session, lab, connection, announce }}>
      <button type="button" class="button skip" onClick={focusContent}>
        Skip to the content
      </button>
      <TopBar page={route.page} active={active} onSignOut={() => onSignOut()} />
      <main class="main" id="content" tabIndex={-1}>
        <ConnectionBanner />
        {seesNothing ? <Nothing user={session.user} /> : <Page route={route} />}
      </main>
      <div class="unseen" role="status" aria-live="assertive" aria-atomic="true" id="said">
        {said}
      </div>
    </SignedProvider>
  );
}

function focusContent(): void {
  document.getElementById('content')?.focus({ preventScroll: true });
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'lab':
      return <LabPage />;
    case 'migrations':
      return <MigrationsPage filter={route.filter} />;
    case 'migration':
      return <MigrationPage namespace={route.namespace} name={route.name} />;
    case 'checkpoints':
      return <CheckpointsPage />;
    case 'new':
      // Another address is another form.
      return <NewPage key={JSON.stringify(route.fields)} given={route.fields} />;
    case 'nowhere':
      return <Nowhere path={route.path} />;
  }
}

const TITLES: Readonly<Record<Exclude<Route['page'], 'migration'>, string>> = {
  lab: 'Lab',
  migrations: 'Migrations',
  checkpoints: 'Checkpoints',
  new: 'New migration',
  nowhere: 'Not found',
};

const titleOf = (route: Route): string => (route.page === 'migration' ? route.name : TITLES[route.page]);

/** Changes with the page, and not with what is filtered on it. */
const hrefKey = (route: Route): string =>
  route.page === 'migration' ? `${route.namespace}/${route.name}` : route.page;

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parseRoute(hash);
}
