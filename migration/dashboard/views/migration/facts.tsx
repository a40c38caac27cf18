import type { ComponentChildren } from 'preact';
import type { MigrationView } from '../../../contract/rest-views.ts';
import { bytes, milliseconds } from '../../models/readable.ts';
import { Way } from '../../parts/way.tsx';

/** The numbers and names that people look for first. */
export function Facts({ of }: { of: MigrationView }) {
  const { spec, status } = of;
  return (
    <section class="panel" aria-label="In short">
      <dl class="facts panel__body">
        {spec.action !== 'restore' && <Fact name="Pod">{status.sourcePod ?? spec.sourcePod}</Fact>}
        <Fact name="From, to">
          <Way of={of} />
        </Fact>
        {spec.action === 'live-migration' &&
          status.activePod !== undefined &&
          status.activePod !== status.sourcePod && <Fact name="Now called">{status.activePod}</Fact>}
        {status.freezeMs !== undefined && (
          <Fact name="Frozen for" freeze>
            {milliseconds(status.freezeMs)}
          </Fact>
        )}
        {status.totalMs !== undefined && <Fact name="Took in all">{milliseconds(status.totalMs)}</Fact>}
        {status.bytes !== undefined && <Fact name="Size of its state">{bytes(status.bytes)}</Fact>}
        {spec.action === 'live-migration' && <Fact name="Sent by">{spec.transport ?? 'stream'}</Fact>}
        {spec.action === 'restore' && <Fact name="Pods wanted">{spec.replicas ?? 1}</Fact>}
      </dl>
    </section>
  );
}

interface FactProps {
  name: string;
  freeze?: boolean;
  children: ComponentChildren;
}

function Fact({ name, freeze = false, children }: FactProps) {
  return (
    <div class={freeze ? 'fact--freeze' : ''}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
