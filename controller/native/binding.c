/* CPython's way into the compiled kernel: functions bound once to the buffers of one controller.
 *
 * bind(law, state, work) keeps three writable buffers of exactly the structs' sizes and gives the tuple
 * (reset, receive, step, integrate, output). Each function finds the buffers in the capsule that is its
 * self, so the module has no state. A number that does not fit raises before the kernel is entered.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "desk.h"

#define BUFFERS "seawall.buffers"

typedef struct {
    Py_buffer law, state, work;
} Buffers;

/* Only bind() makes these functions' self, so it is always a capsule with this name. */
static const Buffers *buffers(PyObject *self)
{
    return PyCapsule_GetPointer(self, BUFFERS);
}

static int expect(const char *name, Py_ssize_t given, Py_ssize_t wanted)
{
    if (given == wanted) {
        return 1;
    }
    PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, wanted, given);
    return 0;
}

static int integer(PyObject *from, int64_t *to)
{
    *to = PyLong_AsLongLong(from);
    return *to != -1 || PyErr_Occurred() == NULL;
}

static int real(PyObject *from, double *to)
{
    *to = PyFloat_AsDouble(from);
    return *to != -1.0 || PyErr_Occurred() == NULL;
}

static PyObject *reset(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const Buffers *const b = buffers(self);
    seawall_reset(b->law.buf, b->state.buf);
    Py_RETURN_NONE;
}

static PyObject *receive(PyObject *self, PyObject *const *given, Py_ssize_t count)
{
    int64_t now_us, channel, time_us;
    double value;
    if (!expect("receive", count, 4) || !integer(given[0], &now_us) || !integer(given[1], &channel) ||
        !integer(given[2], &time_us) || !real(given[3], &value)) {
        return NULL;
    }
    seawall_receive(buffers(self)->law.buf, buffers(self)->state.buf, now_us, channel, time_us, value);
    Py_RETURN_NONE;
}

static PyObject *step(PyObject *self, PyObject *const *given, Py_ssize_t count)
{
    const Buffers *const b = buffers(self);
    int64_t now_us, missed;
    if (!expect("step", count, 2) || !integer(given[0], &now_us) || !integer(given[1], &missed)) {
        return NULL;
    }
    seawall_step(b->law.buf, b->state.buf, b->work.buf, now_us, missed);
    Py_RETURN_NONE;
}

static PyObject *integrate(PyObject *self, PyObject *const *given, Py_ssize_t count)
{
    const Buffers *const b = buffers(self);
    double dt;
    if (!expect("integrate", count, 1) || !real(given[0], &dt)) {
        return NULL;
    }
    seawall_integrate(b->law.buf, b->state.buf, b->work.buf, dt);
    Py_RETURN_NONE;
}

static PyObject *output(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    const sw_State *const state = buffers(self)->state.buf;
    PyObject *const commands = PyTuple_New(SW_OUTPUTS);
    for (Py_ssize_t k = 0; commands != NULL && k < SW_OUTPUTS; k++) {
        PyObject *const command = PyFloat_FromDouble(state->output[k]);
        if (command == NULL) {
            Py_DECREF(commands);
            return NULL;
        }
        PyTuple_SET_ITEM(commands, k, command);
    }
    return commands;
}

/* A buffer of `size` bytes that numbers may lie in; else an exception is set. */
static int take(PyObject *from, Py_buffer *to, size_t size)
{
    if (PyObject_GetBuffer(from, to, PyBUF_WRITABLE) != 0) {
        return 0;
    }
    if (to->len == (Py_ssize_t)size && (uintptr_t)to->buf % sizeof(int64_t) == 0) {
        return 1;
    }
    PyBuffer_Release(to);
    PyErr_Format(PyExc_ValueError, "bind() needs an aligned buffer of %zu bytes", size);
    return 0;
}

/* Releasing a buffer that was never taken does nothing. */
static void destroy(PyObject *capsule)
{
    Buffers *const b = PyCapsule_GetPointer(capsule, BUFFERS);
    PyBuffer_Release(&b->law);
    PyBuffer_Release(&b->state);
    PyBuffer_Release(&b->work);
    PyMem_Free(b);
}

#define FAST(function) (PyCFunction)(void (*)(void))(function)

static PyObject *bind(PyObject *Py_UNUSED(module), PyObject *const *given, Py_ssize_t count)
{
    static PyMethodDef bound[] = {
        {"reset", reset, METH_NOARGS, NULL},
        {"receive", FAST(receive), METH_FASTCALL, NULL},
        {"step", FAST(step), METH_FASTCALL, NULL},
        {"integrate", FAST(integrate), METH_FASTCALL, NULL},
        {"output", output, METH_NOARGS, NULL},
    };
    enum { BOUND = sizeof bound / sizeof bound[0] };
    if (!expect("bind", count, 3)) {
        return NULL;
    }
    Buffers *const b = PyMem_Calloc(1, sizeof *b);
    PyObject *const capsule = b == NULL ? PyErr_NoMemory() : PyCapsule_New(b, BUFFERS, destroy);
    if (capsule == NULL) {
        PyMem_Free(b);
        return NULL;
    }
    PyObject *functions = NULL;
    if (take(given[0], &b->law, sizeof(sw_Law)) && take(given[1], &b->state, sizeof(sw_State)) &&
        take(given[2], &b->work, sizeof(sw_Work))) {
        functions = PyTuple_New(BOUND);
    }
    for (Py_ssize_t n = 0; functions != NULL && n < BOUND; n++) {
        PyObject *const function = PyCFunction_New(&bound[n], capsule);
        if (function == NULL) {
            Py_CLEAR(functions);
        } else {
            PyTuple_SET_ITEM(functions, n, function);
        }
    }
    Py_DECREF(capsule);
    return functions;
}

PyMODINIT_FUNC PyInit_seawall_kernel(void)
{
    static PyMethodDef methods[] = {{"bind", FAST(bind), METH_FASTCALL, NULL}, {NULL, NULL, 0, NULL}};
    static PyModuleDef_Slot slots[] = {{0, NULL}};
    static PyModuleDef module = {
        PyModuleDef_HEAD_INIT, .m_name = "seawall_kernel", .m_methods = methods, .m_slots = slots};
    return PyModuleDef_Init(&module);
}
