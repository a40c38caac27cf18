import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { withLock } from './lock.ts';

// One test starts another process; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 });

describe('withLock', () => {
  it('lets one in at a time, in this process too', async () => {
    let inside = 0;
    let most = 0;
    const enter = () =>
      withLock('test one at a time', async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      });
    await Promise.all([enter(), enter(), enter(), enter()]);
    expect(most).toBe(1);
  });

  it('frees the lock when the work fails, and hands the failure on', async () => {
    const failing = withLock('test failing', () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await withLock('test failing', async () => 'free')).toBe('free');
  });

  it('is freed by the kernel when its holder is killed', async () => {
    const name = `test killed ${process.pid}`;
    const script = `import { withLock } from ${JSON.stringify(fileURLToPath(new URL('./lock.ts', import.meta.url)))};
      withLock(${JSON.stringify(name)}, () => { console.log('held'); return new Promise((r) => setTimeout(r, 60000)); });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    await once(child.stdout, 'data');
    let waited = false;
    const mine = withLock(
      name,
      async () => 'mine',
      () => {
        waited = true;
        child.kill('SIGKILL');
      },
    );
    expect(await mine).toBe('mine');
    expect(waited).toBe(true);
  });
});
