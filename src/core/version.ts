/** The version this code was published as; a test holds it against package.json. */
export const version = '0.1.0';
