import { useState } from 'preact/hooks';
import { chooseTheme, chosenTheme, nextTheme, type Theme } from '../theme.tsx';
import { Icon, type IconName } from './icons.tsx';

const ICONS: Readonly<Record<Theme, IconName>> = { system: 'half', light: 'sun', dark: 'moon' };
const WORDS: Readonly<Record<Theme, string>> = { system: 'as the system', light: 'light', dark: 'dark' };

/** Goes round: as the system has it, light, dark. */
export function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme());
  const next = nextTheme(theme);
  const label = `Theme: ${WORDS[theme]}. Change to ${WORDS[next]}`;
  const change = () => {
    chooseTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={change}>
      <Icon name={ICONS[theme]} />
    </button>
  );
}
