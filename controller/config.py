"""The shape of controller.toml: every key with its type and the range that it may have."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

RANGE_LIMIT = 1.0e150  # products of two such numbers stay finite
WEIGHT_LIMIT = 1.0e9
TIME_LIMIT_US = 10_000_000


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank; fill it in")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", text):
        raise ValueError("must begin with a letter and have only letters, digits, _ and -; choose another")
    return text


Text = Annotated[str, AfterValidator(_filled)]
Name = Annotated[str, AfterValidator(_name)]
Number = Annotated[float, Field(ge=-RANGE_LIMIT, le=RANGE_LIMIT)]
Gain = Annotated[float, Field(ge=-WEIGHT_LIMIT, le=WEIGHT_LIMIT)]
Micros = Annotated[int, Field(ge=1, le=TIME_LIMIT_US)]


class Table(BaseModel):
    """A table that takes no unknown key, no wrong type, no NaN and no infinity."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ControllerTable(Table):
    """[controller]: name, period in us, Runge-Kutta substeps a period, periods for each better mode.

    ahead_us: how far ahead of the controller's clock a sample's time may be; a period unless given.
    reference: a CSV recorded where the network was trained; see controller/reference.py. reference_tolerance:
    how far the flown network may be from it, as a share of the greatest value of a column, or of 1.
    """

    name: Name
    period_us: Micros
    substeps: Annotated[int, Field(ge=1, le=1000)] = 1
    precision: Literal["float64"] = "float64"
    network: Text = "network.json"
    reference: Text | None = None
    reference_tolerance: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0e-6
    recovery_periods: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    ahead_us: Annotated[int, Field(ge=0, le=TIME_LIMIT_US)] | None = None
    inbox_slots: Annotated[int, Field(ge=1, le=1024)] = 16


class DtTable(Table):
    """[dt]: the range of the time between two steps that the proofs cover, in us."""

    low_us: Micros
    high_us: Micros


class StateTable(Table):
    """[state]: the limit that the kernel holds every |h| to."""

    limit: Annotated[float, Field(gt=0.0, le=WEIGHT_LIMIT)] = 1.0625


class InputTable(Table):
    """[[input]]: one sensor; range in its unit, low-pass time constant in s, age limit in us.

    network_unit: how the network sees it. "normalised": low is -1, high is 1; "physical": as measured;
    "scaled": (measured - network_offset) * network_scale.
    """

    name: Name
    unit: Text
    low: Number
    high: Number
    network_unit: Literal["normalised", "physical", "scaled"] = "normalised"
    network_offset: Number | None = None  # in the input's unit
    network_scale: Annotated[float, Field(gt=0.0, le=WEIGHT_LIMIT)] | None = None  # per unit
    filter_s: Annotated[float, Field(ge=0.0, le=1.0e6)]
    stale_us: Annotated[int, Field(ge=1, le=1_000_000_000)]
    source: Text


class OutputTable(Table):
    """[[output]]: one actuator; range and safe value in its unit, slew limit in unit per second."""

    name: Name
    unit: Text
    low: Number
    high: Number
    safe: Number
    max_rate: Annotated[float, Field(gt=0.0, le=RANGE_LIMIT)]
    source: Text


class FallbackTable(Table):
    """[[fallback]]: the PID of one output; error = setpoint - input, integral in unit seconds."""

    output: Text
    input: Text
    setpoint: Number
    kp: Gain
    ki: Gain
    kd: Gain
    integral_low: Number
    integral_high: Number


class BudgetTable(Table):
    """[timing.budget_us]: the share of each stage in a period's deadline, in us."""

    sensor: Micros
    preprocess: Micros
    network: Micros
    output: Micros


class TimingTable(Table):
    """[timing]: the deadline of a period's work, counted from its start, in us.

    late_per_million: how many of a million steps of a campaign may take longer; with 0 none may.
    """

    deadline_us: Micros
    late_per_million: Annotated[int, Field(ge=0, le=999_999)] = 1000
    budget_us: BudgetTable


class CampaignTable(Table):
    """[campaign]: how often a line to a target may be mended in one campaign that still counts."""

    retries: Annotated[int, Field(ge=0, le=1_000_000)] = 10  # requests sent again, as no answer came
    late: Annotated[int, Field(ge=0, le=1_000_000)] = 10  # answers to nothing that was asked just then
    damaged: Annotated[int, Field(ge=0, le=1_000_000)] = 10  # frames that either end refused
    reboots: Annotated[int, Field(ge=0, le=1_000_000)] = 0  # after each, a part is flown again


class PlantTable(Table):
    """[plant]: the simulated plant that runs and tests close the loop with; nothing proved rests on it.

    kind "cart": a mass on a rail with friction and an actuator's limits; see controller/ports/simulated.py.
    """

    kind: Literal["cart"]
    output: Text  # the output that commands the force
    error_input: Text  # the input that reads position - target, in m
    force_input: Text  # the input that reads the force on the cart, in N
    step_m: Number  # the target, from a start at 0
    mass_kg: Annotated[float, Field(gt=0.0, le=WEIGHT_LIMIT)]
    viscous_n_s_per_m: Annotated[float, Field(ge=0.0, le=WEIGHT_LIMIT)]
    coulomb_n: Annotated[float, Field(ge=0.0, le=WEIGHT_LIMIT)]
    actuator_limit_n: Annotated[float, Field(gt=0.0, le=WEIGHT_LIMIT)]
    actuator_lag_s: Annotated[float, Field(ge=0.0, le=1.0e6)] = 0.0
    error_noise_m: Annotated[float, Field(ge=0.0, le=WEIGHT_LIMIT)] = 0.0  # standard deviation
    force_noise_n: Annotated[float, Field(ge=0.0, le=WEIGHT_LIMIT)] = 0.0  # standard deviation
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0  # the share of samples that never come
    seed: Annotated[int, Field(ge=0, le=2**53)] = 0


class RequirementTable(Table):
    """[[requirement]]: a sentence, and the claims, tests and campaigns that show it (ids or patterns)."""

    id: Name
    text: Text
    claims: list[Text] = []
    tests: list[Text] = []
    campaigns: list[Text] = []


class Config(Table):
    """The whole controller.toml."""

    controller: ControllerTable
    dt: DtTable
    state: StateTable = StateTable()
    input: Annotated[list[InputTable], Field(min_length=1, max_length=1024)]
    output: Annotated[list[OutputTable], Field(min_length=1, max_length=1024)]
    fallback: Annotated[list[FallbackTable], Field(min_length=1, max_length=1024)]
    timing: TimingTable
    campaign: CampaignTable = CampaignTable()
    plant: PlantTable | None = None
    requirement: list[RequirementTable] = []
