// An app whose notifier logs with the logger that is named: `node loggers.cjs winston`.

const express = require('express');
const { afterBooking, createNotifier, messageFirst } = require('express-crm-notifier');
const { bookOnce, makeBooking } = require('./book-once.cjs');

const loggers = {
  winston() {
    const { createLogger, format, transports } = require('winston');
    return { logger: createLogger({ level: 'debug', format: format.json(), transports: [new transports.Console()] }) };
  },
  pino() {
    return { logger: require('pino')({ level: 'debug' }) };
  },
  'pino-http'() {
    const middleware = require('pino-http')({ level: 'debug' });
    return { logger: middleware.logger, middleware };
  },
  log4js() {
    const log4js = require('log4js');
    log4js.configure({
      appenders: { out: { type: 'stdout', layout: { type: 'basic' } } },
      categories: { default: { appenders: ['out'], level: 'debug' } },
    });
    return { logger: messageFirst(log4js.getLogger('crm')) };
  },
  consola() {
    const { createConsola } = require('consola');
    return { logger: messageFirst(createConsola({ level: 4 })) };
  },
  console() {
    return { logger: console };
  },
};

void bookOnce((options) => {
  const { logger, middleware } = loggers[process.argv[2]]();
  const notifier = createNotifier({ ...options, logger });
  const app = express();
  if (middleware !== undefined) app.use(middleware);
  app.use(express.json(), notifier.middleware());
  app.post('/bookings', afterBooking('created'), makeBooking);
  return { notifier, server: app.listen(0, '127.0.0.1') };
});
