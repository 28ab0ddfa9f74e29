/** The bare app: what everything else is measured against. */
export const createSender = () => ({});
