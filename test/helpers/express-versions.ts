import express from 'express';
import express4 from 'express4';

/**
 * Both supported majors, for `describe.each`. Express 4 is typed as Express 5: what the tests use of it is the same, and
 * one type lets one test run on both.
 */
export const expressVersions = [
  { version: 'Express 4', express: express4 as unknown as typeof express },
  { version: 'Express 5', express },
];
