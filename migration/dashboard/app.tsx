import { useState } from 'preact/hooks';
import type { Session } from '../contract/rest-views.ts';
import { ApiClient } from './api/client.ts';
import { forgetToken, keepToken, keptToken } from './session-token.tsx';
import { SignIn } from './views/sign-in.tsx';
import { SignedIn } from './views/signed-in.tsx';

interface Signed {
  client: ApiClient;
  session: Session;
}

/** Signed out or signed in. */
export function App() {
  const [signed, setSigned] = useState<Signed>();
  const [ended, setEnded] = useState<string>();
  const signOut = (why?: string) => {
    forgetToken();
    setSigned(undefined);
    setEnded(why);
  };
  if (signed !== undefined)
    return <SignedIn client={signed.client} session={signed.session} onSignOut={signOut} />;
  return (
    <SignIn
      kept={keptToken()}
      why={ended}
      onToken={(token, session) => {
        keepToken(token);
        setEnded(undefined);
        setSigned({ client: new ApiClient(token), session });
      }}
    />
  );
}
