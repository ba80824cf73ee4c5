/* A small generator of random numbers with a seed: the same seed gives the same numbers everywhere. */
#ifndef LEEWAY_ENGINE_FLOW_SIMULATE_RANDOM_H
#define LEEWAY_ENGINE_FLOW_SIMULATE_RANDOM_H

#include <stdint.h>

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014, figure 17). Any value is a valid state. */
struct lw_random {
    uint64_t state;
};

/* A stream of its own for each (seed, number), so that what happens in one does not move another. */
struct lw_random lw_random_stream(uint64_t seed, uint64_t number);
uint64_t lw_random_bits(struct lw_random *random);
double lw_random_uniform(struct lw_random *random); /* in (0, 1) */
double lw_random_normal(struct lw_random *random);  /* mean 0, standard deviation 1 (Box and Muller 1958) */

#endif
