import { isOfTargetOnly, maxCounted } from '../all-pending.js';
import type { OutboxAccess } from '../outbox-access.js';
import type { PendingFilter } from '../outbox.js';
import type { TableName } from './postgres-outbox.js';
import type { RunSql } from './postgres-server.js';
import { tablesOf } from './schema.js';
import { finiteInstant, searchIn, searchValue } from './search-text.js';
import { listedColumns, listedOf, msOf } from './stored-rows.js';

const acceptedAt = msOf('greatest(p.accepted_at, s.ages_from)');
/** Its parameters are those of `matchValues`. */
const matches = `${searchIn(['p.id::text', 'p.type', 'p.lane'])}
  AND ($2::text IS NULL OR p.target = $2) AND ($3::text IS NULL OR p.type = $3) AND ($4::text IS NULL OR p.lane = $4)
  AND ($5::boolean IS NULL OR (p.attempts > 0) = $5)
  AND ($6::float8 IS NULL OR ${acceptedAt} >= $6) AND ($7::float8 IS NULL OR ${acceptedAt} < $7)`;

/** Lists and counts what is pending. Its place in the list is its `seq`; `countAll` counts everything, or all of a target. */
export function createPendingList(
  run: RunSql,
  table: TableName,
  countAll: (target: string | undefined) => Promise<number>,
): Pick<OutboxAccess, 'listPending' | 'countPending'> {
  const { pending, state } = tablesOf(table);
  return {
    async listPending({ limit, after = 0, ...filter }) {
      const rows = await run(
        `SELECT ${listedColumns}, EXISTS (
           SELECT FROM ${pending} e WHERE e.lane = p.lane AND e.target = p.target AND e.seq < p.seq
         ) AS waits_in_lane
         FROM ${pending} p CROSS JOIN ${state} s WHERE p.seq > $8::bigint AND ${matches} ORDER BY p.seq LIMIT $9::integer`,
        [...matchValues(filter), after, limit],
      );
      return rows.map(listedOf);
    },

    async countPending(filter) {
      if (isOfTargetOnly(filter)) return { count: await countAll(filter.target), isAtLeast: false };
      const [row] = await run(
        `SELECT count(*) AS count FROM (
           SELECT FROM ${pending} p CROSS JOIN ${state} s WHERE ${matches} LIMIT $8::integer
         ) AS found`,
        [...matchValues(filter), maxCounted + 1],
      );
      const count = Number(row?.['count']);
      return { count: Math.min(count, maxCounted), isAtLeast: count > maxCounted };
    },
  };
}

function matchValues({ search = '', target, type, lane, attempts, from, to }: PendingFilter): unknown[] {
  const some = attempts === undefined ? undefined : attempts === 'some';
  const others = [target, type, lane, some, finiteInstant(from), finiteInstant(to)];
  return [searchValue(search), ...others.map((value) => value ?? null)];
}
