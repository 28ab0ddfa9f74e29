import type { SeededRandom } from '../helpers/seeded-random.js';
import type { AuditOptions } from './machines-audit.js';
import { nuisances, type Nuisance } from './nuisances/nuisances.js';
import { liveMachines, type Stage } from './stage.js';

export interface RoundCounts {
  readonly rounds: number;
  /** How often each nuisance befell the machines. */
  readonly nuisances: Readonly<Record<string, number>>;
}

const companionShare = 0.25;
const sayEvery = 25;

/** Lets something befall the machines, round by round; `goesOn` is asked after each so many whether that shall go on. */
export async function playRounds(
  stage: Stage,
  { rounds, only }: Pick<AuditOptions, 'rounds' | 'only'>,
  goesOn: (played: number) => boolean,
): Promise<RoundCounts> {
  const { random } = stage;
  const counts: Record<string, number> = {};
  const draw = createBag(
    nuisances.filter(({ name }) => only.length === 0 || only.includes(name)),
    random,
  );
  const befall = async (nuisance: Nuisance): Promise<void> => {
    counts[nuisance.name] = (counts[nuisance.name] ?? 0) + 1;
    await nuisance.befall(stage);
  };

  for (let played = 1; played <= rounds; played += 1) {
    const main = draw(() => true)!;
    const isCompanion = ({ isAlone, befalls }: Nuisance): boolean => !isAlone && befalls !== main.befalls;
    const other = !main.isAlone && random.next() < companionShare ? draw(isCompanion) : undefined;
    await Promise.all([befall(main), other === undefined ? undefined : befall(other)]);
    for (const machine of stage.machines) {
      if (!liveMachines(stage).some(({ place }) => place === machine.place)) await stage.restart(machine);
    }
    if (played % sayEvery === 0 && !goesOn(played)) return { rounds: played, nuisances: counts };
  }
  return { rounds, nuisances: counts };
}

/** Draws each as often as its share says, all of them before one comes again, so that a short audit has each as well. */
function createBag(
  all: readonly Nuisance[],
  random: SeededRandom,
): (fits: (nuisance: Nuisance) => boolean) => Nuisance | undefined {
  let left: Nuisance[] = [];
  let turn = 0;
  return (fits) => {
    while (left.length === 0) {
      left = all.filter(({ share }) => share > turn);
      turn = left.length === 0 ? 0 : turn + 1;
    }
    const fitting = left.filter(fits);
    const drawn = fitting.length === 0 ? undefined : random.pick(fitting);
    if (drawn !== undefined) left.splice(left.indexOf(drawn), 1);
    return drawn;
  };
}
