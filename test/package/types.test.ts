import { newestCompiler } from './compilers.js';
import { describeTypes } from './describe-types.js';

// The older compilers take their time, so they are in types.audit.ts.
describeTypes({ compilers: [newestCompiler], expressMajors: [5, 4] });
