/** Small pictures, all decoration: what they mean is always said in words too. */

const shapes = {
  arrow: <path d="M2 8h11M9 4l4 4-4 4" />,
  save: <path d="M8 2v8m0 0 3-3m-3 3L5 7M2.5 11v2.5h11V11" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9 13 13M3 13l1.1-1.1M11.9 4.1 13 3" />
    </>
  ),
  moon: <path d="M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z" />,
  half: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor" />
    </>
  ),
  out: <path d="M6 2.5H3v11h3M7 8h7m-3-3 3 3-3 3" />,
  passed: <path d="m3 8.5 3.2 3L13 4.5" />,
  failed: <path d="m4 4 8 8m0-8-8 8" />,
  warning: <path d="M8 2 1.5 13.5h13zM8 6.5v3.2m0 1.6v.4" />,
  skipped: <path d="M4 8h8" />,
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  );
}

export function Brand() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1d5fd1" />
      <rect x="11" y="7" width="10" height="8" rx="2" fill="#fff" />
      <path d="M4 18h24l-4 7H8z" fill="#bfe3f5" />
    </svg>
  );
}
