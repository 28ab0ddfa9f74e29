import { bookedOnce, bookOnce } from './book-once.js';
import { createProject } from './project.js';

describe.each(['14.0.0', '14', '15.0.0', '15'])('prom-client %s', (version) => {
  it('F17: is left as it is, and has the metrics of a booking', async () => {
    const project = await createProject(`prom-client ${version}`, ['express@5', `prom-client@${version}`]);
    expect(project.versionOf('prom-client')).toMatch(new RegExp(`^${version.replaceAll('.', String.raw`\.`)}`));

    const { inspected, ...booked } = await bookOnce(project, 'prometheus.cjs');
    expect(booked).toEqual(bookedOnce);
    expect(inspected).toContain('crm_notifier_deliveries_total{type="booking_created",result="delivered"} 1\n');
    expect(inspected).toMatch(/^crm_notifier_queue_size\{.*\} 0$/m);
    expect(inspected).toMatch(/^crm_notifier_delivery_attempt_duration_seconds_count\{.*\} 1$/m);
    expect(inspected).toMatch(/^crm_notifier_last_success_timestamp_seconds \d/m);
  });
});
