/** Names under which a browser that Playwright can drive is found on PATH; Debian has the first. */
export const BROWSER_PROGRAMS = ['chromium', 'google-chrome-stable', 'google-chrome', 'chromium-browser'];
