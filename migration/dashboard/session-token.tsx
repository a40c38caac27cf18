/** The token is kept for as long as the tab is open, and is in no address, cookie or storage that outlives it. */
const KEY = 'podferry-token';

export const keptToken = (): string | undefined => sessionStorage.getItem(KEY) ?? undefined;
export const keepToken = (token: string): void => sessionStorage.setItem(KEY, token);
export const forgetToken = (): void => sessionStorage.removeItem(KEY);
