import { bookedOnce, readBooked } from './book-once.js';
import { createProject, type Project } from './project.js';

const ids = { booking: '65f000000000000000000456', user: '65f000000000000000000123', session: '65f000000000000000000789' };

describe.each(['9', '8', '7'])('Mongoose %s', (version) => {
  let project: Project;

  beforeAll(async () => {
    project = await createProject(`mongoose ${version}`, ['express@5', `mongoose@${version}`]);
  });

  it.each([
    ['document', ids.user],
    ['document alone', ids.user],
    ['document with toJSON', ids.user],
    ['plain object', ids.user],
    ['number and _id', 123],
  ])('F5, F15: ids of a response that is a %s arrive as hex strings', async (body, userId) => {
    const booked = readBooked(await project.run(process.execPath, ['mongoose.cjs', body]));
    expect(booked).toEqual({
      ...bookedOnce,
      sent: [
        {
          notification_type: 'booking_created',
          user_id: userId,
          message: `Booking ${ids.booking} created`,
          additional_data: { booking_id: ids.booking, session_id: ids.session, action: 'created' },
        },
      ],
    });
  });
});
