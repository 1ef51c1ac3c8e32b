// What programs that the demo starts see of the person's environment.

/** Without what points git at another repository, or gt at another town or session. */
export function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !POINTING.test(name)))
}

const POINTING =
  /^(GT_|BD_|GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_.*|COMMON_DIR|NAMESPACE|PREFIX|AUTHOR_.*|COMMITTER_.*)$)/
