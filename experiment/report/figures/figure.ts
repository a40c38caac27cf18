import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import { Error as ERRORS_ONLY, logger, parse, View } from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';

/** A figure of the report. */
export interface Figure {
  /** Name of its files. */
  name: string;
  /** What it shows and how it is read. */
  caption: string;
  spec: TopLevelSpec;
}

export interface Drawing {
  svg: string;
  png: Uint8Array;
}

const FONT = 'DejaVu Sans';
/** So that letters are the same on every machine. */
const fonts = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((file) =>
  createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`),
);
/** Pixels of a PNG for each of the SVG's: enough for print. */
const PNG_ZOOM = 2.5;

/** Looks that all figures share. */
const config: Config = {
  font: FONT,
  background: 'white',
  view: { stroke: '#cccccc' },
  axis: {
    labelFontSize: 10,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    gridColor: '#eeeeee',
    labelLimit: 220,
  },
  legend: { labelFontSize: 10, titleFontSize: 11, titleFontWeight: 'normal', labelLimit: 220 },
  header: { labelFontSize: 11, titleFontSize: 11, labelFontWeight: 'bold', labelLimit: 420 },
};

/** Draws without a browser. */
export async function draw({ spec }: Figure): Promise<Drawing> {
  const compiled = compile({ ...spec, config }, { logger: logger(ERRORS_ONLY) }).spec;
  const svg = await new View(parse(compiled), { renderer: 'none' }).toSVG();
  const resvg = new Resvg(svg, {
    font: { fontFiles: fonts, loadSystemFonts: false, defaultFontFamily: FONT },
    fitTo: { mode: 'zoom', value: PNG_ZOOM },
    background: 'white',
  });
  return { svg, png: resvg.render().asPng() };
}
