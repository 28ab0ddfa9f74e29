/** The code of an attempt that failed because no token could be got for it. */
export const tokenFailureCode = 'ERR_CRM_TOKEN';
