import { olderCompilers } from './compilers.js';
import { describeTypes } from './describe-types.js';

describeTypes({ compilers: olderCompilers, expressMajors: [5, 4] });
