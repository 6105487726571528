/** The program: the command line with the commands that work on this machine. */
import { runProgram } from '#cli/program.ts';

import { demo } from './demo.ts';
import { serve } from './serve.ts';
import { backup, restore } from './backup-commands.ts';

process.exitCode = await runProgram(process.argv, { serve, demo, backup, restore });
