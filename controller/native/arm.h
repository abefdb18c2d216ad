/* The self-test that stands between this binary and the actuator. */
#ifndef SEAWALL_ARM_H
#define SEAWALL_ARM_H

/* Step the kernel through the golden vectors of the reference; 0 where every bit is right.
 * Else one sentence on standard error names the first that is wrong. */
int arm_check(void);

#endif
