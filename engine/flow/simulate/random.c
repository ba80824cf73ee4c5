#include "engine/flow/simulate/random.h"

#include <math.h>

uint64_t lw_random_bits(struct lw_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct lw_random lw_random_stream(uint64_t seed, uint64_t number)
{
    struct lw_random first = {.state = seed};
    struct lw_random second = {.state = lw_random_bits(&first) ^ number};

    return (struct lw_random){.state = lw_random_bits(&second)};
}

double lw_random_uniform(struct lw_random *random)
{
    return ((double)(lw_random_bits(random) >> 11) + 0.5) * 0x1p-53;
}

double lw_random_normal(struct lw_random *random)
{
    double radius = sqrt(-2.0 * log(lw_random_uniform(random)));

    return radius * cos(2.0 * 3.14159265358979323846 * lw_random_uniform(random));
}
