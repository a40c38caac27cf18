import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { restRoutes } from '../../contract/rest.ts';
import type { Session } from '../../contract/rest-views.ts';
import { ApiClient } from '../api/client.ts';
import { messageOf, ProblemError } from '../api/problem-error.ts';
import { Field } from '../parts/field.tsx';
import { Brand } from '../parts/icons.tsx';
import { Loading } from '../parts/notice.tsx';
import { ThemeButton } from '../parts/theme-button.tsx';

interface SignInProps {
  /** A token of this tab that was good before. */
  kept: string | undefined;
  /** Why the user was signed out. */
  why: string | undefined;
  onToken: (token: string, session: Session) => void;
}

/** Signed out: asks for a token, and finds out whose it is. */
export function SignIn({ kept, why, onToken }: SignInProps) {
  const [token, setToken] = useState('');
  const [isTrying, setTrying] = useState(kept !== undefined);
  const [error, setError] = useState<string>();

  const enter = async (given: string) => {
    setTrying(true);
    setError(undefined);
    try {
      onToken(given, await new ApiClient(given).ask(restRoutes.getSession));
    } catch (reason) {
      setError(signInError(reason));
      setTrying(false);
    }
  };
  useEffect(() => {
    if (kept !== undefined) void enter(kept);
  }, []);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (token.trim() === '') setError('A token is needed.');
    else void enter(token.trim());
  };

  return (
    <main class="main">
      <div class="panel sign-in">
        <div class="panel__head">
          <span class="brand">
            <Brand />
            podferry
          </span>
          <ThemeButton />
        </div>
        {isTrying ? (
          <Loading what="what you may see" />
        ) : (
          <form class="panel__body sign-in__form" onSubmit={submit} noValidate>
            <h1>Sign in</h1>
            {why && (
              <p class="banner banner--careful" role="status">
                {why}
              </p>
            )}
            <Field
              label="Kubernetes token"
              hint="You can do here what its owner may do in the cluster. It is kept in this tab only."
              error={error}
            >
              {(attributes) => (
                <input
                  {...attributes}
                  class="input mono"
                  type="password"
                  autocomplete="off"
                  spellcheck={false}
                  value={token}
                  onInput={(event) => setToken(event.currentTarget.value)}
                />
              )}
            </Field>
            <button type="submit" class="button button--primary">
              Sign in
            </button>
            <details>
              <summary>Where do I get one?</summary>
              <pre class="log">kubectl create token ACCOUNT -n NAMESPACE</pre>
            </details>
          </form>
        )}
      </div>
    </main>
  );
}

function signInError(reason: unknown): string {
  if (reason instanceof ProblemError && reason.status === 401)
    return 'The cluster does not accept this token: it is not its own, or has expired.';
  return messageOf(reason);
}
