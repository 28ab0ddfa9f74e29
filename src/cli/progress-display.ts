import { SingleBar } from 'cli-progress';
import type { CliContext } from './cli-context.js';
import type { DeliveryProgress } from './delivery-run.js';
import type { Output } from './output.js';

/** Shows on standard error how far a delivery is. */
export interface ProgressDisplay {
  show(progress: DeliveryProgress): void;
  end(): void;
}

const manyPending = 50;
const lineEveryMs = 5_000;

/** A bar on a terminal where there is much to deliver; a line now and then elsewhere. */
export function createProgressDisplay({ stderr }: CliContext, output: Output): ProgressDisplay {
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  let said = '';
  let bar: SingleBar | undefined;
  let isOthers: boolean | undefined;

  const showBar = ({ delivered, died, pending }: DeliveryProgress): void => {
    const settled = delivered + died;
    bar ??= startBar(stderr);
    bar.setTotal(settled + pending);
    bar.update(settled, { died });
  };

  const showLine = ({ delivered, died, pending }: DeliveryProgress): void => {
    const nowMs = performance.now();
    const line = `${String(delivered)} delivered, ${String(died)} died, ${String(pending)} pending`;
    if (nowMs - saidAtMs < lineEveryMs || line === said) return;
    saidAtMs = nowMs;
    said = line;
    output.note(line);
  };

  return {
    show(progress) {
      // An outbox that cannot be read says that nobody delivers; its trouble is told otherwise.
      if (progress.isOutboxReadable && isOthers !== !progress.isDelivering) {
        if (!progress.isDelivering)
          output.note('Another process delivers this outbox, such as a running app; waiting.');
        else if (isOthers === true) output.note('The other process has ended; delivering.');
        isOthers = !progress.isDelivering;
      }
      if (stderr.isTTY === true && (bar !== undefined || progress.pending >= manyPending)) showBar(progress);
      else showLine(progress);
    },
    end() {
      bar?.stop();
    },
  };
}

function startBar(stderr: CliContext['stderr']): SingleBar {
  const bar = new SingleBar({
    format: '[{bar}] {percentage}%  {value} of {total}, {died} died',
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    stream: stderr,
    hideCursor: false,
    // Signals are heard where the process is wired up.
    gracefulExit: false,
  });
  bar.start(1, 0, { died: 0 });
  return bar;
}
