import { createInterface } from 'node:readline';
import { now } from './clock.ts';
import { type ProberCommand, type ProberReport, proberCommand } from './messages.ts';
import { Schedule } from './schedule.ts';

/** The prober: takes commands on standard input, reports on standard output, and ends with its input. */

const say = (report: ProberReport): void => {
  process.stdout.write(`${JSON.stringify(report)}\n`);
};

const schedule = new Schedule((is, id, at) => say({ is, id, at }));

function obey(command: ProberCommand): void {
  if (command.do === 'ask') schedule.ask(command);
  else if (command.do === 'record') schedule.record();
  else if (command.do === 'finish') say(schedule.finish());
  else say({ is: 'clock', number: command.number, at: now() });
}

for await (const line of createInterface({ input: process.stdin }))
  obey(proberCommand.parse(JSON.parse(line)));
process.exit(0);
