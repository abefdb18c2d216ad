"""Small JUnit files as the documents of eight programs describe them, with the outcomes that they mean."""

GTEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="1" disabled="1" errors="0" time="0.02" name="AllTests">
  <testsuite name="Brake" tests="5" failures="1" disabled="1" skipped="1" errors="0" time="0.02">
    <testcase name="Holds" file="brake_test.cc" line="7" status="run" result="completed" classname="Brake" />
    <testcase name="Fades" status="run" result="completed" time="0.01" classname="Brake">
      <failure message="brake_test.cc:21&#x0A;Expected: (f) &lt; (0.1)" type=""><![CDATA[no]]></failure>
    </testcase>
    <testcase name="DISABLED_Ice" status="notrun" result="suppressed" time="0." classname="Brake" />
    <testcase name="Filtered" status="notrun" result="" time="0." classname="Brake" />
    <testcase name="NoRig" status="run" result="skipped" time="0." classname="Brake">
      <skipped message="brake_test.cc:40&#x0A;no rig" />
    </testcase>
    <testcase name="Tagged" status="run" result="completed" classname="Brake">
      <properties><property name="speed" value="3"/></properties>
    </testcase>
  </testsuite>
</testsuites>"""

PYTEST = """<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest"
errors="1" failures="1" skipped="2" tests="6" time="0.1" timestamp="2026-01-01T00:00:00" hostname="h">
<testcase classname="tests.test_rig" name="test_holds" time="0.01" />
<testcase classname="tests.test_rig.TestFade" name="test_fades[1.5]" time="0.01"><failure
message="assert 1 == 2">E</failure></testcase>
<testcase classname="tests.test_rig" name="test_no_rig"><skipped type="pytest.skip" message="no rig">t
</skipped></testcase>
<testcase classname="tests.test_rig" name="test_known"><skipped type="pytest.xfail" message="" /></testcase>
<testcase classname="tests.rig_test" name="test_teardown"><error message="failed on teardown">E</error>
</testcase>
<testcase classname="tests.rig_test" name="test_says"><system-out>x</system-out></testcase>
</testsuite></testsuites>"""

SUREFIRE = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="rig.BrakeTest" time="0.1" tests="6"
  errors="0" skipped="1" failures="1" flakes="2">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="holds" classname="rig.BrakeTest" time="0.01"/>
  <testcase name="fades" classname="rig.BrakeTest"><failure message="no" type="AssertionError">t</failure>
    <rerunFailure message="no" type="AssertionError"><stackTrace>t</stackTrace></rerunFailure></testcase>
  <testcase name="flakes" classname="rig.BrakeTest"><flakyFailure message="once" type="AssertionError">
    <stackTrace>t</stackTrace><system-out>o</system-out></flakyFailure></testcase>
  <testcase name="errs" classname="rig.BrakeTest"><flakyError message="once" type="IOException"/></testcase>
  <testcase name="ignored" classname="rig.BrakeTest"><skipped message="not now"/></testcase>
  <testcase name="talks" classname="rig.BrakeTest"><system-err>x</system-err></testcase>
</testsuite>"""

CTEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Linux-c++" tests="4" failures="1" disabled="1" skipped="1" hostname="" time="0">
  <testcase name="holds" classname="holds" time="0.01" status="run"><system-out>ok</system-out></testcase>
  <testcase name="fades" classname="fades" time="0.02" status="fail"><failure message="Failed"/></testcase>
  <testcase name="ice" classname="ice" time="0" status="disabled"><system-out>Disabled</system-out></testcase>
  <testcase name="rig" classname="rig" time="0" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
  </testcase>
</testsuite>"""

ROBOT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Rig" tests="3" errors="0" failures="1" skipped="1" time="0.1" timestamp="2026-01-01">
<testsuite name="Brake" tests="3" errors="0" failures="1" skipped="1" time="0.1">
<testcase classname="Rig.Brake" name="Holds" time="0.01"></testcase>
<testcase classname="Rig.Brake" name="Fades"><failure message="no" type="AssertionError"/></testcase>
<testcase classname="Rig.Brake" name="No Rig"><skipped message="no rig" type="SkipExecution"/></testcase>
</testsuite></testsuite>"""

JEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="3" failures="1" errors="1" time="1.2">
  <testsuite name="brake" errors="0" failures="1" skipped="1" timestamp="2026-01-01T00:00:00" tests="3">
    <testcase classname="brake holds" name="brake holds" time="0.01"></testcase>
    <testcase classname="brake fades" name="brake fades"><failure>Error: no</failure></testcase>
    <testcase classname="brake later" name="brake later"><skipped/></testcase>
  </testsuite>
  <testsuite name="broken.test.js" errors="1" failures="0" skipped="0" tests="0"></testsuite>
</testsuites>"""

GOTESTSUM = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" errors="0" time="0.1">
  <testsuite tests="3" failures="1" time="0.1" name="rig/brake" timestamp="2026-01-01T00:00:00Z">
    <properties><property name="go.version" value="go1.22"></property></properties>
    <testcase classname="rig/brake" name="TestHolds" time="0.01"></testcase>
    <testcase classname="rig/brake" name="TestFades"><failure message="Failed" type="">no</failure></testcase>
    <testcase classname="rig/brake" name="TestRig"><skipped message="no rig"></skipped></testcase>
  </testsuite>
</testsuites>"""

UNKNOWN = """<testsuite name="s" tests="4">
  <testcase classname="a" name="odd" status="wobbly"/>
  <testcase classname="a" name="quarantined"><quarantined/></testcase>
  <testcase classname="a" name="unrun" executed="False"/>
  <testcase classname="a" name="fine" result="Success" executed="True"/>
</testsuite>"""

NESTED = """<testsuites><testsuite name="a"><testsuite name="b"><testsuite name="c">
<testcase classname="deep" name="down"><failure/></testcase></testsuite></testsuite>
<testcase classname="deep" name="up"/></testsuite></testsuites>"""

OUTCOMES: dict[str, tuple[str, dict[str, str]]] = {
    "gtest": (GTEST, {
        "Brake::Holds": "passed", "Brake::Fades": "failed", "Brake::DISABLED_Ice": "skipped",
        "Brake::Filtered": "skipped", "Brake::NoRig": "skipped", "Brake::Tagged": "passed"}),
    "pytest": (PYTEST, {
        "tests/test_rig.py::test_holds": "passed", "tests/test_rig.py::TestFade::test_fades[1.5]": "failed",
        "tests/test_rig.py::test_no_rig": "skipped", "tests/test_rig.py::test_known": "skipped",
        "tests/rig_test.py::test_teardown": "failed", "tests/rig_test.py::test_says": "passed"}),
    "surefire": (SUREFIRE, {
        "rig.BrakeTest::holds": "passed", "rig.BrakeTest::fades": "failed", "rig.BrakeTest::flakes": "failed",
        "rig.BrakeTest::errs": "failed", "rig.BrakeTest::ignored": "skipped",
        "rig.BrakeTest::talks": "passed"}),
    "ctest": (CTEST, {
        "holds::holds": "passed", "fades::fades": "failed", "ice::ice": "skipped", "rig::rig": "skipped"}),
    "robot": (ROBOT, {
        "Rig.Brake::Holds": "passed", "Rig.Brake::Fades": "failed", "Rig.Brake::No Rig": "skipped"}),
    "jest": (JEST, {
        "brake holds::brake holds": "passed", "brake fades::brake fades": "failed",
        "brake later::brake later": "skipped", "broken.test.js::(the suite itself)": "failed"}),
    "gotestsum": (GOTESTSUM, {
        "rig/brake::TestHolds": "passed", "rig/brake::TestFades": "failed", "rig/brake::TestRig": "skipped"}),
    "unknown": (UNKNOWN, {
        "a::odd": "skipped", "a::quarantined": "skipped", "a::unrun": "skipped", "a::fine": "passed"}),
    "nested": (NESTED, {"deep::down": "failed", "deep::up": "passed"}),
}  # fmt: skip
