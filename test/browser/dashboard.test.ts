import { describeDeadLetters } from './dashboard/describe-dead-letters.js';
import { describeFigures } from './dashboard/describe-figures.js';
import { describeLists } from './dashboard/describe-lists.js';
import { describeOneNotification } from './dashboard/describe-one-notification.js';
import { describeSelection } from './dashboard/describe-selection.js';
import { describeTables } from './dashboard/describe-tables.js';
import { useDashboardPage } from './dashboard/use-dashboard-page.js';
import { describeInBrowser } from './use-browser.js';

jest.setTimeout(60_000);

// One file for jest, because each starts a browser of its own; what is tested is in the files beside this one.
describeInBrowser('the dashboard in a browser', () => {
  const pages = useDashboardPage();
  describeFigures(pages);
  describeTables(pages);
  describeLists(pages);
  describeDeadLetters(pages);
  describeSelection(pages);
  describeOneNotification(pages);
});
