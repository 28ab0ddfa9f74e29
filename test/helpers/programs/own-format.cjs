// A format of an app, as a file that a thread can load.
const { defineFormat } = require('express-crm-notifier');

exports.acme = defineFormat({
  name: 'acme',
  path: '/activities',
  build: ({ id, type, userId }) => ({
    body: JSON.stringify({ key: id, what: type }),
    path: `/users/${encodeURIComponent(userId)}/activities`,
    headers: { 'x-acme-version': '2' },
  }),
  classify: ({ json }) =>
    json?.taken === false ? { kind: 'rejected', detail: `not taken: ${json.why}` } : { kind: 'delivered' },
  module: module.filename,
  exportName: 'acme',
});
