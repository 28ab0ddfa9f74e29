import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const namedExportsOnly = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only: a name is found by searching for it.' },
  { selector: 'ExportSpecifier[exported.name="default"]', message: 'Named exports only.' },
];
const noEnums = [{ selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' }];

export default defineConfig(
  // The last one imports what only its own `npm install` brings.
  { ignores: ['dist/', 'coverage/', 'demo-app/data/', 'docs/api/', 'examples/*/dist/', 'examples/nestjs/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.{js,mjs,cjs,ts}'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        // One program for everything. The project service would take demo-app/tsconfig.json for the demo, in which the
        // package's name means dist/, and lint would then say nonsense until the next build.
        project: 'tsconfig.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // What strictTypeChecked already refuses, said again because a delivery engine stands on it.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // A switch names every member of its union, so that a new verdict or state is a compile-time question wherever one
      // is taken apart; or it says `default`, and may not say both.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        {
          allowDefaultCaseForExhaustiveSwitch: false,
          considerDefaultExhaustiveForUnions: true,
          requireDefaultForNonUnion: true,
        },
      ],

      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true, reportUsedIgnorePattern: true },
      ],
      // An empty variable of the environment counts as none: there `||` is what is meant.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],

      'no-restricted-syntax': ['error', ...noEnums, ...namedExportsOnly],
      'array-callback-return': 'error',
      eqeqeq: 'error',
      'no-constructor-return': 'error',
      // The compiler's noFallthroughCasesInSwitch knows which calls and inner switches never come back.
      'no-fallthrough': 'off',
      // Prettier breaks long chains before a `[`, and shows by its layout where a semicolon is missing.
      'no-unexpected-multiline': 'off',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unreachable-loop': 'error',
      'no-useless-rename': 'error',
      'object-shorthand': 'error',
      'prefer-template': 'error',
    },
  },

  {
    files: ['src/**'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/require-array-sort-compare': 'error',
      'no-console': 'error',
      // A file is read in one sitting. Comments are not counted: nobody shall delete one to fit.
      'max-lines': ['error', { max: 260, skipComments: true }],
    },
  },

  {
    files: ['test/**/*.ts'],
    rules: {
      // `response.body` of supertest and `JSON.parse` of a received body are `any`, and the assertion that follows is
      // what checks them; a wrong `!` fails the test that has it.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // A handler that does nothing, an async one that awaits nothing: ordinary things to hand to what is under test.
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
      // `const { url, close } = await startCrm()`, `expect(logger.warn)`: a method that minds would fail the test.
      '@typescript-eslint/unbound-method': 'off',
    },
  },

  // node:test's functions return promises that nobody needs to wait for.
  {
    files: ['examples/**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['test'], package: 'node:test' }] },
      ],
    },
  },

  // Tools demand a default export here.
  {
    files: ['eslint.config.js', 'jest.config.ts', 'test/closing-line-reporter.mjs', 'test/keep-cluster.mjs'],
    rules: { 'no-restricted-syntax': ['error', ...noEnums] },
  },
  // Outside the compiler's sight: the tools' own files and the small programs that tests run in processes of their own.
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        URL: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.cjs', 'examples/commonjs-express-4/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'readonly', require: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
