/** As many POSTs as delivery would make, by undici's dispatch alone: the floor of what delivering costs. */
import { Pool } from 'undici';

const { COLLECTOR, COUNT, CONCURRENCY } = process.env;
const pool = new Pool(COLLECTOR, { connections: Number(CONCURRENCY) });
const headers = {
  accept: 'application/json',
  'accept-encoding': 'identity',
  authorization: 'Bearer bench',
  'content-type': 'application/json',
};
let next = 0;
const ignore = () => undefined;

function post() {
  next += 1;
  const id = `01990000-0000-7000-8000-${next.toString(16).padStart(12, '0')}`;
  const body = Buffer.from(
    `{"notification_id":"${id}","notification_type":"booking_created","user_id":123,"message":"Booking ${next} created",` +
      `"timestamp":"2026-11-24T01:02:03.004Z","additional_data":{"booking_id":${next},"session_id":789,"action":"created"}}`,
  );
  pool.dispatch(
    { path: '/notify', method: 'POST', headers: { ...headers, 'idempotency-key': id }, body },
    {
      onRequestStart: ignore,
      onResponseStart: ignore,
      onResponseData: ignore,
      onResponseEnd() {
        if (next < Number(COUNT)) post();
      },
      onResponseError(_controller, error) {
        throw error;
      },
    },
  );
}

process.once('disconnect', () => process.exit(0));
const actions = {
  start: () => {
    for (let started = 0; started < Number(CONCURRENCY); started += 1) post();
  },
};
process.on('message', async ({ call, name }) => {
  process.send({ call, value: await actions[name]() });
});
process.send({ ready: {} });
