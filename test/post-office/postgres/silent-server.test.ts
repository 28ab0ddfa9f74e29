import { describeOnOwnPostgres } from '../../helpers/use-postgres.js';
import { describeResponses } from './responds-in-trouble.js';
import { silences } from './troubles.js';

describeOnOwnPostgres('an app whose outbox’s server', () => {
  describeResponses(silences);
});
