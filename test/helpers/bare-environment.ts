/**
 * This machine's environment for an app in a process of its own: without what npm, jest and their tests put into it, and without
 * any setting of ours.
 */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(CRM_|ECOSYSTEM_|JEST_|INIT_CWD$|NODE$|NODE_ENV$|NODE_OPTIONS$|COLOR$|FORCE_COLOR$|npm_)/;
  const config = /^npm_config_(registry|cache|userconfig|globalconfig|cafile)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name) || config.test(name)));
}
