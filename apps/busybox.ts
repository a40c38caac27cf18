/** Links in an image by which busybox, which acts by the name it is called, stands for other programs. */
export function busyboxLinks(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`/usr/bin/${name}`, 'busybox']));
}
