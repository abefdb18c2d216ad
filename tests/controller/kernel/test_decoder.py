"""The linear decoder against exact rational sums."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from controller.kernel.decoder import decode
from controller.kernel.records import Network, allocate

SIZES = {"inputs": 1, "hidden": 5, "outputs": 3, "substeps": 1, "slots": 1}
values = st.floats(-100.0, 100.0)


@given(st.lists(values, min_size=23, max_size=23))
def test_the_commands_are_the_weighted_sums(numbers: list[float]) -> None:
    net, y = allocate(Network, SIZES), [9.0, 9.0, 9.0]
    h, net.b_out = numbers[:5], numbers[5:8]
    net.w_out = [numbers[8 + 3 * i : 11 + 3 * i] for i in range(5)]
    decode(net, h, y)
    for k in range(3):
        terms = [Fraction(net.b_out[k]), *(Fraction(net.w_out[i][k]) * Fraction(h[i]) for i in range(5))]
        error = abs(Fraction(y[k]) - sum(terms))
        assert error <= Fraction(2, 2**50) * sum(abs(t) for t in terms) + Fraction(1, 2**1000)


def test_outputs_do_not_mix() -> None:
    net, y = allocate(Network, SIZES), [0.0, 0.0, 0.0]
    net.w_out[2][1] = 4.0
    net.b_out[:] = [0.5, 1.0, -0.5]
    decode(net, [0.0, 0.0, 0.25, 0.0, 0.0], y)
    assert y == [0.5, 2.0, -0.5]
