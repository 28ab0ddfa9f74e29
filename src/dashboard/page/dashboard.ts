import { createAttemptsSection } from './attempts-section.js';
import { createDeadLettersSection } from './dead-letters-section.js';
import { showFigures } from './figures.js';
import { createHealthPanel } from './health-panel.js';
import { startLiveView } from './live-view.js';
import { createMinutesSection } from './minutes-section.js';

const showHealth = createHealthPanel();
const showMinutes = createMinutesSection();
const showAttempts = createAttemptsSection();
const deadLetters = createDeadLettersSection(() => {
  liveView.askNow();
});

const liveView = startLiveView((overview) => {
  showHealth(overview.health);
  showFigures(overview);
  showMinutes(overview.minutes);
  showAttempts(overview.attempts);
  deadLetters.follow(overview);
});
