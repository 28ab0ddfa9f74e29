import * as nodeModule from 'node:module';

/**
 * A `require` that finds what is installed beside this package, for what may be missing and must be known at once. In a bundle,
 * which may have no `__filename`, it finds what is installed beside `bundle`.
 */
export function requireBeside(bundle: string): NodeJS.Require {
  // Called through the module: bundlers often declare a `createRequire` of their own.
  return nodeModule.createRequire(typeof __filename === 'string' ? __filename : bundle);
}
