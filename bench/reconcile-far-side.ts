/** A downstream system that does what it is told after the milliseconds of its argument. Tells its address. */
import { startSimulator } from '#systems/simulator.ts';

const simulator = await startSimulator(() => ({ status: 200, body: { result: 'changed' } }), {
  knobs: { latencyMs: Number(process.argv[2]) },
});
process.on('disconnect', () => process.exit());
process.send?.(simulator.origin);
