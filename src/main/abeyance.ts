/**
 * The program: the command line with the commands that work on this machine, which are loaded when they are called, so
 * that a client starts in a moment.
 */
import { runProgram } from '#cli/program.ts';

process.exitCode = await runProgram(process.argv, {
  serve: async (options) => (await import('./serve.ts')).serve(options),
  demo: async (options) => (await import('./demo.ts')).demo(options),
  backup: async (file, options) => (await import('./backup-commands.ts')).backup(file, options),
  restore: async (file, options) => (await import('./backup-commands.ts')).restore(file, options),
  integrate: async (options) => (await import('./integrate/integrate-command.ts')).integrateHere(options),
  listIntegrations: async () => (await import('./integrate/integrate-command.ts')).describeIntegrations(),
  examineChain: async (probes) => (await import('./integrate/integrate-command.ts')).examineHere(probes),
  configuredSystems: async () => (await import('./kick.ts')).configuredSystems(process.env),
  kick: async (order, directory, options) =>
    (await import('./kick.ts')).kickNode(process.env, order, directory, options),
  rotateSecret: async (options) => (await import('./rotate-command.ts')).rotate(options),
});
