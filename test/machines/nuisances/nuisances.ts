import type { Stage } from '../stage.js';
import { freezeLeader } from './freezes.js';
import { killAt, killAtRandom, killLeader } from './kills.js';
import { cutNetworks, silenceNetworks, stopCrm, stopServer } from './outages.js';
import { makeTwoLeaders } from './two-leaders.js';

/** Something that befalls the machines for the length of a round. Everything works again after it. */
export interface Nuisance {
  readonly name: string;
  readonly befall: (stage: Stage) => Promise<void>;
  /** How often it comes in each so many rounds as all shares make together. */
  readonly share: number;
  /** What it befalls: two at the same time befall different things. Where something is measured there is only one. */
  readonly befalls: 'apps' | 'server' | 'networks' | 'crm';
  readonly isAlone: boolean;
}

export const nuisances: readonly Nuisance[] = [
  { name: 'kill', befall: killAtRandom, share: 3, befalls: 'apps', isAlone: false },
  { name: 'kill-before-insert', befall: killAt('before-insert'), share: 2, befalls: 'apps', isAlone: false },
  { name: 'kill-before-commit', befall: killAt('before-commit'), share: 2, befalls: 'apps', isAlone: false },
  { name: 'kill-at-commit', befall: killAt('at-commit'), share: 2, befalls: 'apps', isAlone: false },
  { name: 'kill-after-commit', befall: killAt('after-commit'), share: 3, befalls: 'apps', isAlone: false },
  { name: 'kill-leader', befall: killLeader, share: 2, befalls: 'apps', isAlone: true },
  { name: 'freeze-leader', befall: freezeLeader, share: 1, befalls: 'apps', isAlone: true },
  { name: 'two-leaders', befall: makeTwoLeaders, share: 2, befalls: 'networks', isAlone: false },
  { name: 'server-stop', befall: stopServer, share: 2, befalls: 'server', isAlone: false },
  { name: 'cut', befall: cutNetworks, share: 2, befalls: 'networks', isAlone: false },
  { name: 'silence', befall: silenceNetworks, share: 1, befalls: 'networks', isAlone: false },
  { name: 'crm-down', befall: stopCrm, share: 2, befalls: 'crm', isAlone: false },
];
