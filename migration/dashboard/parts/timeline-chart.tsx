import { useState } from 'preact/hooks';
import { milliseconds } from '../models/readable.ts';
import { aroundFreeze, type Bar, type Span, type Timeline, ticks, zoom } from '../models/timeline.ts';
import { TitledPanel } from './titled-panel.tsx';

const percent = (part: number, whole: number): string => `${(100 * part) / whole}%`;

/** Phases one below the other on one axis, the freeze marked through all of them. */
export function TimelinePanel({ timeline, otherwise }: TimelinePanelProps) {
  const [near, setNear] = useState(false);
  const span = timeline && aroundFreeze(timeline);
  const shown = timeline && near && span !== undefined ? zoom(timeline, span) : timeline;
  return (
    <TitledPanel
      id="timeline"
      title="Timeline"
      beside={
        span !== undefined && (
          <fieldset class="choice choice--small">
            <legend class="unseen">Part of the timeline</legend>
            <ViewChoice label="Whole" checked={!near} onPick={() => setNear(false)} />
            <ViewChoice label="Freeze from near" checked={near} onPick={() => setNear(true)} />
          </fieldset>
        )
      }
    >
      <div class="panel__body">
        {shown && shown.bars.length > 0 ? <Chart timeline={shown} /> : <p class="quiet">{otherwise}</p>}
        {shown?.freeze && <Legend timeline={shown} freeze={shown.freeze} />}
      </div>
    </TitledPanel>
  );
}

interface TimelinePanelProps {
  timeline: Timeline | undefined;
  /** What to say while nothing has begun. */
  otherwise: string;
}

function ViewChoice({ label, checked, onPick }: { label: string; checked: boolean; onPick: () => void }) {
  return (
    <label>
      <input type="radio" name="timeline-part" checked={checked} onChange={onPick} />
      {label}
    </label>
  );
}

function Chart({ timeline }: { timeline: Timeline }) {
  const { bars, totalMs, freeze } = timeline;
  const marks = ticks(totalMs);
  const lastFits = totalMs - (marks.at(-1) ?? 0) > totalMs / 12;
  return (
    <div class="timeline" style={{ '--rows': String(bars.length) }}>
      <div class="timeline__axis" aria-hidden="true">
        {marks.map((mark) => (
          <span
            key={mark}
            class={mark > 0 && !lastFits && mark === marks.at(-1) ? 'timeline__end' : ''}
            style={{ left: percent(mark, totalMs) }}
          >
            {mark === 0 ? '0' : milliseconds(mark)}
          </span>
        ))}
      </div>
      <div class="timeline__marks" aria-hidden="true">
        {freeze && (
          <span
            class="timeline__freeze"
            style={{ left: percent(freeze.from, totalMs), width: percent(freeze.ms, totalMs) }}
          />
        )}
        {marks.slice(1).map((mark) => (
          <span key={mark} class="timeline__grid" style={{ left: percent(mark, totalMs) }} />
        ))}
      </div>
      {bars.map((bar, index) => (
        <Row key={bar.name} bar={bar} row={index + 2} totalMs={totalMs} />
      ))}
    </div>
  );
}

function Row({ bar, row, totalMs }: { bar: Bar; row: number; totalMs: number }) {
  const kind = bar.running ? 'timeline__bar--running' : bar.frozen ? 'timeline__bar--frozen' : '';
  const style = { left: percent(bar.from, totalMs), width: percent(bar.ms, totalMs) };
  return (
    <div class="timeline__row" title={`${bar.name}: ${bar.title}`}>
      <span class="timeline__name" style={{ gridRow: row }}>
        {bar.name}
        <span class="unseen">
          , {bar.title}
          {bar.frozen ? ', in the freeze' : ''}:
        </span>
      </span>
      <span class="timeline__track" style={{ gridRow: row }}>
        <span class={`timeline__bar ${kind}`} style={style} />
      </span>
      <span class="timeline__time numeric" style={{ gridRow: row }}>
        {milliseconds(bar.ms)}
      </span>
    </div>
  );
}

function Legend({ timeline: { bars }, freeze }: { timeline: Timeline; freeze: Span }) {
  return (
    <div class="legend">
      <span class="legend__item">
        <span class="legend__swatch legend__swatch--freeze" />
        freeze, {milliseconds(freeze.ms)}: no process of the pod runs
      </span>
      <span class="legend__item">
        <span class="legend__swatch legend__swatch--frozen" />
        in the freeze
      </span>
      {bars.some((bar) => !bar.frozen) && (
        <span class="legend__item">
          <span class="legend__swatch" />
          the pod runs meanwhile
        </span>
      )}
    </div>
  );
}

/** All phases in one line, for lists. */
export function TimelineStrip({ timeline }: { timeline: Timeline }) {
  const { bars, totalMs, freeze } = timeline;
  const place = ({ from, ms }: { from: number; ms: number }) => ({
    left: percent(from, totalMs),
    width: percent(ms, totalMs),
  });
  return (
    <div class="strip" aria-hidden="true">
      {bars.map((bar) => (
        <span
          key={bar.name}
          class={`strip__bar ${bar.running ? 'strip__bar--running' : ''}`}
          style={place(bar)}
        />
      ))}
      {freeze && <span class="strip__freeze" style={place(freeze)} />}
    </div>
  );
}
