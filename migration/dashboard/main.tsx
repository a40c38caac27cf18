import { render } from 'preact';
import { App } from './app.tsx';
import { chosenTheme, showTheme } from './theme.tsx';

showTheme(chosenTheme());
const root = document.getElementById('app');
if (root === null) throw new Error('page.html has no #app');
render(<App />, root);
