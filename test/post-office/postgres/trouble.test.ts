import { describeOnOwnPostgres } from '../../helpers/use-postgres.js';
import { describeResponses } from './responds-in-trouble.js';
import { failures } from './troubles.js';

describeOnOwnPostgres('an app whose outbox’s server', () => {
  describeResponses(failures);
});
