import { filterFromQuery, filterToQuery, type HistoryFilter } from './models/history-filter.ts';
import { type FormFields, isField } from './models/migration-form.ts';

/** The page's addresses, all behind the `#`: the server only ever sees `/`. */
export type Route =
  | { page: 'lab' }
  | { page: 'migrations'; filter: HistoryFilter }
  | { page: 'migration'; namespace: string; name: string }
  | { page: 'checkpoints' }
  | { page: 'new'; fields: Partial<Record<keyof FormFields, string>> }
  | { page: 'nowhere'; path: string };

/** @param hash as `location.hash` has it */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const [page = '', namespace, name, ...more] = path.split('/').filter(Boolean).map(decoded);
  if (more.length > 0) return { page: 'nowhere', path };
  if (page === 'migrations' && namespace !== undefined && name !== undefined)
    return { page: 'migration', namespace, name };
  if (namespace !== undefined) return { page: 'nowhere', path };
  switch (page) {
    case '':
    case 'lab':
      return { page: 'lab' };
    case 'migrations':
      return { page: 'migrations', filter: filterFromQuery(parameters) };
    case 'checkpoints':
      return { page: 'checkpoints' };
    case 'new':
      return { page: 'new', fields: Object.fromEntries([...parameters].filter(([key]) => isField(key))) };
    default:
      return { page: 'nowhere', path };
  }
}

/** The address of a route, with its `#`. */
export function hrefOf(route: Exclude<Route, { page: 'nowhere' }>): string {
  switch (route.page) {
    case 'migration':
      return `#/migrations/${encodeURIComponent(route.namespace)}/${encodeURIComponent(route.name)}`;
    case 'migrations':
      return withQuery('#/migrations', filterToQuery(route.filter));
    case 'new':
      return withQuery('#/new', new URLSearchParams(route.fields));
    default:
      return `#/${route.page}`;
  }
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** A part of the path; one that is no valid encoding stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
