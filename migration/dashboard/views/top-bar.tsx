import type { Connection } from '../api/follow.ts';
import { useSigned } from '../context.tsx';
import { count } from '../models/readable.ts';
import { Brand, Icon } from '../parts/icons.tsx';
import { ThemeButton } from '../parts/theme-button.tsx';
import { hrefOf, type Route } from '../routes.ts';

interface TopBarProps {
  page: Route['page'];
  /** How many migrations are under way. */
  active: number;
  onSignOut: () => void;
}

const WORDS: Readonly<Record<Connection['state'], string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost',
  refused: 'refused',
};

export function TopBar({ page, active, onSignOut }: TopBarProps) {
  const { connection, session } = useSigned();
  const current = (here: boolean) => (here ? { 'aria-current': 'page' as const } : {});
  return (
    <header class="top">
      <div class="top__row">
        <a class="brand" href={hrefOf({ page: 'lab' })}>
          <Brand />
          podferry
        </a>
        <nav class="nav" aria-label="Pages">
          <a class="nav__link" href={hrefOf({ page: 'lab' })} {...current(page === 'lab')}>
            Lab
          </a>
          <a
            class="nav__link"
            href={hrefOf({ page: 'migrations', filter: {} })}
            {...current(page === 'migrations' || page === 'migration')}
          >
            Migrations
            {active > 0 && (
              <span class="tally">
                <span aria-hidden="true">{active}</span>
                <span class="unseen">, {count(active, 'migration')} under way</span>
              </span>
            )}
          </a>
          <a class="nav__link" href={hrefOf({ page: 'checkpoints' })} {...current(page === 'checkpoints')}>
            Checkpoints
          </a>
          <a class="nav__link" href={hrefOf({ page: 'new', fields: {} })} {...current(page === 'new')}>
            New
          </a>
        </nav>
        <div class="top__end">
          <span class={`signal signal--${connection.state}`}>{WORDS[connection.state]}</span>
          <ThemeButton />
          <button
            type="button"
            class="icon-button"
            aria-label={`Sign out ${session.user}`}
            title={`Sign out ${session.user}`}
            onClick={onSignOut}
          >
            <Icon name="out" />
          </button>
        </div>
      </div>
    </header>
  );
}
